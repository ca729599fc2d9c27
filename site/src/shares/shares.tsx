import { useSignal } from "@preact/signals";
import { Copy, KeyRound, RefreshCw, Stamp, Trash2 } from "lucide-preact";
import { useEffect } from "preact/hooks";
import { api } from "../api/client.ts";
import type { Page, Share, ShareVisit } from "../api/types.ts";
import { useAlive } from "../ui/alive.ts";
import { now } from "../ui/clock.ts";
import { actions, Table } from "../ui/table.tsx";
import { attempt, complain, copy, say } from "../ui/toasts.tsx";
import { count, date, moment } from "../ui/words.ts";
import "../settings/settings.css";

const icon = { size: 16, strokeWidth: 1.5, "aria-hidden": true } as const;
const columns = [
  { name: "Name" },
  { name: "Guests may" },
  { name: "Protection" },
  { name: "Ends" },
  { name: "Views", right: true },
  { name: "Downloads", right: true },
  actions,
];
const visitColumns = [{ name: "Who" }, { name: "What" }, { name: "When" }];

const allowWords = ({ allow }: Share) => {
  const words = [
    "watch",
    allow.comment && "comment",
    allow.approve && "approve",
    allow.download && "download",
    allow.upload && "upload",
  ];
  return words.filter(Boolean).join(", ");
};

/** Every link of the project: what it allows, until when, and who looked. */
export function Shares({ start }: { start: Share[] }) {
  const shares = useSignal(start);
  const renew = (share: Share) =>
    attempt("The link stayed as it was.", async () => {
      const renewed = await api.change<Share>(`/shares/${share.id}`, { renewLink: true });
      shares.value = shares.value.map((one) => (one.id === share.id ? renewed : one));
      say("There is a new link. The old one does not open any more.");
    });
  const remove = (share: Share) =>
    attempt("The link still works.", async () => {
      await api.removeCurrent(`/shares/${share.id}`);
      shares.value = shares.value.filter(({ id }) => id !== share.id);
      say("The link does not open any more.");
    });
  const rows = shares.value.map((share) => ({
    key: share.id,
    note: `${count(share.versionIds.length, "version")} · by ${share.createdBy}, ${date(share.createdAt)}`,
    story: () => <Visits share={share} />,
    cells: [
      share.name,
      allowWords(share),
      <Protection share={share} />,
      <Ends share={share} />,
      <span class="numbers">{share.views}</span>,
      <span class="numbers">{share.downloads}</span>,
      <span class="row-actions">
        <button
          type="button"
          class="icon-button"
          aria-label={`Copy the link of ${share.name}`}
          title="Copy the link"
          onClick={() => void copy(share.url ?? "", "Link copied.")}
        >
          <Copy {...icon} />
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label={`New link for ${share.name}`}
          title="New link; the old one ends"
          onClick={() => void renew(share)}
        >
          <RefreshCw {...icon} />
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label={`Take ${share.name} back`}
          title="Take the link back"
          onClick={() => void remove(share)}
        >
          <Trash2 {...icon} />
        </button>
      </span>,
    ],
  }));
  return (
    <div class="page" {...useAlive()}>
      <div class="page-head">
        <h1>Shares</h1>
      </div>
      {rows.length === 0 ? (
        <div class="panel first-step">
          <h2>No links yet</h2>
          <p class="quiet">Open an asset and choose Share to give people without an account a link to it.</p>
        </div>
      ) : (
        <Table label="Shares" columns={columns} rows={rows} none="" />
      )}
    </div>
  );
}

function Protection({ share }: { share: Share }) {
  if (!share.hasPassphrase && !share.watermark) return <span class="quiet">None</span>;
  return (
    <span class="protection">
      {share.hasPassphrase && (
        <span class="state plain">
          <KeyRound size={14} strokeWidth={1.5} aria-hidden="true" /> Passphrase
        </span>
      )}
      {share.watermark && (
        <span class="state plain">
          <Stamp size={14} strokeWidth={1.5} aria-hidden="true" /> Watermark
        </span>
      )}
    </span>
  );
}

function Ends({ share: { expiresAt } }: { share: Share }) {
  if (expiresAt === null) return <>Never</>;
  if (Date.parse(expiresAt) < now()) return <span class="state bad">Ended</span>;
  return <>{date(expiresAt)}</>;
}

/** Who looked and who downloaded, newest first. */
function Visits({ share }: { share: Share }) {
  const visits = useSignal<ShareVisit[] | undefined>(undefined);
  useEffect(() => {
    void api
      .get<Page<ShareVisit>>(`/shares/${share.id}/visits`, { limit: 100 })
      .then(({ items }) => {
        visits.value = items;
      })
      .catch((error: unknown) => complain("The visits could not be read.", error));
  }, []);
  const rows = visits.value?.map(({ guestName, kind, at }, index) => ({
    key: index,
    cells: [
      guestName ?? "Somebody",
      kind === "view" ? "looked" : "downloaded",
      <time class="quiet numbers" dateTime={at}>
        {moment(at)}
      </time>,
    ],
  }));
  return <Table label="Visits" columns={visitColumns} rows={rows} none="Nobody has opened it yet." />;
}
