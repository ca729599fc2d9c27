import type { Allow, Role } from "../api/types.ts";

/** What the person on the page may do; the API decides again on every request. */
export interface Rights {
  comment: boolean;
  approve: boolean;
  resolveAny: boolean;
  upload: boolean;
  download: boolean;
  share: boolean;
  manage: boolean;
}

export function rightsOf(role: Role, reviewersMayDownload: boolean): Rights {
  const rank = ["viewer", "reviewer", "editor", "manager"].indexOf(role);
  return {
    comment: rank >= 1,
    approve: rank >= 1,
    resolveAny: rank >= 2,
    upload: rank >= 2,
    download: rank >= 2 || (rank === 1 && reviewersMayDownload),
    share: rank >= 2,
    manage: rank >= 3,
  };
}

export function guestRights(allow: Allow): Rights {
  return {
    comment: allow.comment,
    approve: allow.approve,
    resolveAny: false,
    upload: allow.upload,
    download: allow.download,
    share: false,
    manage: false,
  };
}
