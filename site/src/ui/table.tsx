import { useSignal } from "@preact/signals";
import { ChevronDown, ChevronRight } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { Fragment } from "preact";
import { useEffect } from "preact/hooks";
import "./table.css";

export interface Column {
  name: string;
  /** Numbers stand right. */
  right?: boolean;
  /** Its name is for screen readers only. */
  quiet?: boolean;
}

export interface Row {
  key: string | number;
  /** One per column; nothing where a column has nothing to say. */
  cells: readonly ComponentChildren[];
  /** Under the first cell, smaller. */
  note?: ComponentChildren;
  /** What the row opens to. */
  story?: () => ComponentChildren;
}

interface Props {
  label: string;
  columns: readonly Column[];
  /** Undefined while they are read. */
  rows: readonly Row[] | undefined;
  /** Said when there are none. */
  none: string;
  /** Opens this row's story from outside. */
  open?: string | number | undefined;
}

export const actions: Column = { name: "Actions", quiet: true, right: true };

/** Rows one can read at any width: beside each other, or as cards on a phone. */
export function Table({ label, columns, rows, none, open }: Props) {
  const opened = useSignal(open);
  useEffect(() => {
    if (open !== undefined) opened.value = open;
  }, [open]);
  if (!rows) return <div class="skeleton table-skeleton" />;
  if (rows.length === 0) return <p class="quiet">{none}</p>;
  return (
    <section class="panel scroll-x" aria-label={`${label} table`} tabIndex={0}>
      <table class="table">
        <thead>
          <tr>
            {columns.map(({ name, right, quiet }) => (
              <th key={name} class={right ? "right" : ""}>
                <span class={quiet ? "visually-hidden" : ""}>{name}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells, note, story }) => {
            const isOpen = opened.value === key;
            return (
              <Fragment key={key}>
                <tr>
                  {columns.map(({ name, right, quiet }, index) => (
                    <td
                      key={name}
                      class={right ? "right" : ""}
                      data-label={index > 0 && !quiet ? name : undefined}
                    >
                      {index === 0 && story ? (
                        <button
                          type="button"
                          class="row-opener"
                          aria-expanded={isOpen}
                          onClick={() => {
                            opened.value = isOpen ? undefined : key;
                          }}
                        >
                          {isOpen ? <ChevronDown {...icon} /> : <ChevronRight {...icon} />}
                          {cells[0]}
                        </button>
                      ) : (
                        cells[index]
                      )}
                      {index === 0 && note && <span class="quiet small row-note">{note}</span>}
                    </td>
                  ))}
                </tr>
                {isOpen && story && (
                  <tr class="story">
                    <td colSpan={columns.length}>{story()}</td>
                  </tr>
                )}
              </Fragment>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

const icon = { size: 16, strokeWidth: 1.5, "aria-hidden": true } as const;
