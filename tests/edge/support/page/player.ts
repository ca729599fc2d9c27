// Bundled for the browser by renewal.test.ts: the site's own player, with an API that answers from the test.
import { openStream } from "../../../../site/src/player/stream.ts";

const video = document.querySelector("video") as HTMLVideoElement;
const renew = async () => (await fetch("/playback")).json();

async function play(): Promise<void> {
  openStream(video, await renew(), { renew, startSeconds: 0, onLength: () => {} });
  video.addEventListener("canplay", () => {
    video.playbackRate = 10;
  });
}

void play();
