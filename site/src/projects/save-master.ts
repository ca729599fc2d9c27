import { api } from "../api/client.ts";
import { complain } from "../ui/toasts.tsx";

/** Starts the browser's own download of a master, through a link that is valid for a short while. */
export async function saveMaster(versionId: string): Promise<void> {
  try {
    const { url } = await api.post<{ url: string }>(`/versions/${versionId}/download`);
    const link = document.createElement("a");
    link.href = url;
    link.download = "";
    link.click();
  } catch (error) {
    complain("The download did not start.", error);
  }
}
