import { useSignal } from "@preact/signals";
import { ChevronLeft, Columns2, Download, Ellipsis, PanelRight, Radio, Share2 } from "lucide-preact";
import { api } from "../api/client.ts";
import type { Version } from "../api/types.ts";
import { ShareDialog } from "../shares/share-dialog.tsx";
import { Avatar } from "../ui/avatar.tsx";
import { Menu, MenuItem, MenuLink } from "../ui/menu.tsx";
import { StatusView } from "../ui/status.tsx";
import { complain } from "../ui/toasts.tsx";
import { date } from "../ui/words.ts";
import type { LeadState } from "./lead.ts";
import type { Review } from "./review.ts";

const icon = { size: 16, strokeWidth: 1.5, "aria-hidden": true } as const;

export function TopBar({
  review,
  lead,
  panelOpen,
  onPanel,
}: {
  review: Review;
  lead: LeadState;
  panelOpen: boolean;
  onPanel: () => void;
}) {
  const { start, version, rights } = review;
  const sharing = useSignal(false);
  const versions = review.versions.value;
  const others = versions.filter(({ id }) => id !== version.value.id);
  const download = async () => {
    try {
      const { url } = await api.post<{ url: string }>(`/versions/${version.value.id}/download`);
      location.assign(url);
    } catch (error) {
      complain("The download did not start.", error);
    }
  };
  return (
    <header class="review-bar">
      <a
        class="icon-button"
        href={start.guest?.backTo ?? `/p/${start.project.id}`}
        aria-label={`Back to ${start.project.name}`}
        title={`Back to ${start.project.name}`}
      >
        <ChevronLeft {...icon} />
      </a>
      <nav class="review-title" aria-label="Breadcrumb">
        <a class="quiet" href={start.guest?.backTo ?? `/p/${start.project.id}`}>
          {start.project.name}
        </a>
        <span class="quiet" aria-hidden="true">
          /
        </span>
        <h1 class="ellipsis" dir="auto" title={start.asset.name}>
          {start.asset.name}
        </h1>
      </nav>
      {versions.length > 1 && !start.guest ? (
        <Menu
          label="Version"
          trigger={
            <span class="numbers">
              v{version.value.number} <span aria-hidden="true">▾</span>
            </span>
          }
        >
          {versions.map((one: Version) => (
            <MenuItem
              key={one.id}
              checked={one.id === version.value.id}
              onSelect={() => location.assign(`/a/${start.asset.id}?v=${one.id}`)}
            >
              <span class="numbers">v{one.number}</span> · {date(one.createdAt)}
            </MenuItem>
          ))}
        </Menu>
      ) : (
        <span class="numbers small quiet version-number">v{version.value.number}</span>
      )}
      <StatusView status={version.value.status} />
      <div class="review-bar-end">
        {review.link.value === "down" && (
          <span class="state warn" role="status">
            Offline, reconnecting
          </span>
        )}
        <Presence review={review} />
        {others.length > 0 && !start.guest && (
          <Menu
            label="Compare"
            align="end"
            class="button plain beside"
            trigger={
              <>
                <Columns2 {...icon} />
                <span class="wide-word" aria-hidden="true">
                  Compare
                </span>
              </>
            }
          >
            {others.map((one) => (
              <MenuLink key={one.id} href={`/compare?left=${one.id}&right=${version.value.id}`}>
                With v{one.number}
              </MenuLink>
            ))}
          </Menu>
        )}
        {rights.share && (
          <button
            type="button"
            class="button main"
            aria-label="Share"
            onClick={() => {
              sharing.value = true;
            }}
          >
            <Share2 {...icon} />
            <span class="wide-word">Share</span>
          </button>
        )}
        {(rights.download || rights.comment) && (
          <Menu label="More" align="end" trigger={<Ellipsis {...icon} />}>
            {rights.comment && (
              <MenuItem icon={Radio} onSelect={lead.toggle}>
                {lead.leading.value ? "Stop leading" : "Lead a session"}
              </MenuItem>
            )}
            {rights.download && (
              <MenuItem icon={Download} onSelect={() => void download()}>
                Download the master
              </MenuItem>
            )}
          </Menu>
        )}
        <button
          type="button"
          class="icon-button beside"
          aria-label={panelOpen ? "Hide panel" : "Show panel"}
          title={`${panelOpen ? "Hide" : "Show"} panel (P)`}
          aria-expanded={panelOpen}
          onClick={onPanel}
        >
          <PanelRight {...icon} />
        </button>
      </div>
      {sharing.value && (
        <ShareDialog
          projectId={start.project.id}
          versions={[{ id: version.value.id, name: `${start.asset.name}, v${version.value.number}` }]}
          onClose={() => {
            sharing.value = false;
          }}
        />
      )}
    </header>
  );
}

function Presence({ review }: { review: Review }) {
  const { me } = review;
  const people = review.here.value.filter(
    ({ kind, id, name }) => kind !== me.kind || (me.id === null ? name !== me.name : id !== me.id),
  );
  if (people.length === 0) return null;
  const names = people.map(({ name }) => name).join(", ");
  return (
    <span class="presence" role="img" aria-label={`Here now: ${names}`} title={`Here now: ${names}`}>
      {people.slice(0, 4).map((person) => (
        <Avatar key={person.id ?? person.name} name={person.name} id={person.id} size={24} />
      ))}
      {people.length > 4 && <span class="small quiet">+{people.length - 4}</span>}
    </span>
  );
}
