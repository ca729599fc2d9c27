import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

interface Props<Item> {
  label: string;
  items: readonly Item[];
  idOf: (item: Item) => string;
  /** Height of an item before it was measured, in px. */
  estimate: number;
  /** Scrolled into view when it changes. */
  reveal?: string | undefined;
  render: (item: Item) => ComponentChildren;
}

/** Lists up to this long are simply rendered, so that the browser's own search finds everything. */
const plainUpTo = 120;
const beyond = 600;

/** A list of items of any height that keeps only those near the window in the page. */
export function VirtualList<Item>(props: Props<Item>) {
  return props.items.length <= plainUpTo ? <PlainList {...props} /> : <WindowedList {...props} />;
}

function PlainList<Item>({ label, items, idOf, render }: Props<Item>) {
  return (
    <ul class="list" aria-label={label}>
      {items.map((item) => (
        <li key={idOf(item)}>{render(item)}</li>
      ))}
    </ul>
  );
}

function WindowedList<Item>({ label, items, idOf, estimate, reveal, render }: Props<Item>) {
  const root = useRef<HTMLUListElement>(null);
  const heights = useRef(new Map<string, number>());
  const [view, setView] = useState({ top: 0, height: 800 });
  const [measured, setMeasured] = useState(0);

  const tops = useMemo(() => {
    const list = new Float64Array(items.length + 1);
    items.forEach((item, index) => {
      list[index + 1] = (list[index] ?? 0) + (heights.current.get(idOf(item)) ?? estimate);
    });
    return list;
  }, [items, measured]);
  const indexAt = (y: number) => {
    let low = 0;
    let high = items.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((tops[middle] ?? 0) <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  };

  useEffect(() => {
    const scroller = root.current?.parentElement;
    if (!scroller) return;
    const look = () => setView({ top: scroller.scrollTop, height: scroller.clientHeight });
    look();
    scroller.addEventListener("scroll", look, { passive: true });
    const size = new ResizeObserver(look);
    size.observe(scroller);
    return () => {
      scroller.removeEventListener("scroll", look);
      size.disconnect();
    };
  }, []);

  useEffect(() => {
    const scroller = root.current?.parentElement;
    const index = reveal ? items.findIndex((item) => idOf(item) === reveal) : -1;
    if (!scroller || index < 0) return;
    const top = tops[index] ?? 0;
    const bottom = tops[index + 1] ?? top;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (bottom > scroller.scrollTop + scroller.clientHeight)
      scroller.scrollTop = bottom - scroller.clientHeight;
  }, [reveal]);

  const first = indexAt(view.top - beyond);
  const last = indexAt(view.top + view.height + beyond);
  useLayoutEffect(() => {
    let changed = false;
    for (const child of root.current?.children ?? []) {
      const id = (child as HTMLElement).dataset.id ?? "";
      const height = (child as HTMLElement).offsetHeight;
      if (height > 0 && heights.current.get(id) !== height) {
        heights.current.set(id, height);
        changed = true;
      }
    }
    if (changed) setMeasured((n) => n + 1);
  });

  return (
    <ul
      class="list windowed"
      aria-label={label}
      ref={root}
      style={{ height: `${tops[items.length] ?? 0}px` }}
    >
      {items.slice(first, last + 1).map((item, offset) => (
        <li
          key={idOf(item)}
          data-id={idOf(item)}
          aria-setsize={items.length}
          aria-posinset={first + offset + 1}
          style={{ transform: `translateY(${tops[first + offset] ?? 0}px)` }}
        >
          {render(item)}
        </li>
      ))}
    </ul>
  );
}
