import { Radio } from "lucide-preact";
import type { LeadState } from "./lead.ts";

/** Says who leads, and offers to come along or to go one's own way. */
export function LeadBar({ lead }: { lead: LeadState }) {
  if (lead.leading.value)
    return (
      <div class="lead-bar" role="status">
        <Radio size={16} strokeWidth={1.5} aria-hidden="true" /> You lead. Others on this version can follow
        your play head.
        <button type="button" class="button" onClick={lead.toggle}>
          Stop leading
        </button>
      </div>
    );
  const { value: leader } = lead.leader;
  if (!leader) return null;
  return (
    <div class="lead-bar" role="status">
      <Radio size={16} strokeWidth={1.5} aria-hidden="true" />
      {lead.following.value ? `You follow ${leader.name}.` : `${leader.name} leads a session.`}
      <button type="button" class="button" onClick={lead.following.value ? lead.leave : lead.follow}>
        {lead.following.value ? "Stop following" : "Follow"}
      </button>
    </div>
  );
}
