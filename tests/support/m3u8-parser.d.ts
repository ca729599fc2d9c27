declare module "m3u8-parser" {
  export class Parser {
    manifest: { segments: { uri: string; duration: number }[]; endList?: boolean; targetDuration?: number };
    on(event: string, handle: (what: { message: string }) => void): void;
    push(text: string): void;
    end(): void;
  }
}
