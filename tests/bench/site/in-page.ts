/** Runs in the page: how long a step or a seek takes from the key until the page names the new frame, in ms. */
export async function landings(targets: { frame: number; key: string | null }[]): Promise<number[]> {
  const named = () => Number(document.querySelector("[data-testid=frame]")?.textContent);
  const timeline = document.querySelector<HTMLElement>("[role=slider][aria-label=Timeline]");
  if (!timeline) throw new Error("no timeline");
  const box = timeline.getBoundingClientRect();
  const most = Number(timeline.getAttribute("aria-valuemax"));
  const point = (type: string, frame: number) =>
    timeline.dispatchEvent(
      new PointerEvent(type, {
        clientX: box.left + (frame / most) * box.width,
        clientY: box.top + box.height - 4,
        button: 0,
        pointerId: 1,
        bubbles: true,
      }),
    );
  timeline.setPointerCapture = () => undefined;
  const took: number[] = [];
  for (const { frame, key } of targets) {
    const before = performance.now();
    if (key) document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    else for (const type of ["pointerdown", "pointerup"]) point(type, frame);
    while (named() !== frame) {
      if (performance.now() - before > 5000) throw new Error(`never at ${frame}, the page names ${named()}`);
      await new Promise((done) => setTimeout(done, 1));
    }
    took.push(performance.now() - before);
  }
  return took;
}

/** Runs in the page: frames per second while the play head is dragged to and fro for a while. */
export async function dragRate(ms: number): Promise<number> {
  const timeline = document.querySelector<HTMLElement>("[role=slider][aria-label=Timeline]");
  if (!timeline) throw new Error("no timeline");
  timeline.setPointerCapture = () => undefined;
  const box = timeline.getBoundingClientRect();
  const move = (type: string, share: number) =>
    timeline.dispatchEvent(
      new PointerEvent(type, {
        clientX: box.left + share * box.width,
        clientY: box.top + box.height - 4,
        button: 0,
        buttons: 1,
        pointerId: 1,
        bubbles: true,
      }),
    );
  move("pointerdown", 0.5);
  const begin = performance.now();
  let drawn = 0;
  await new Promise<void>((done) => {
    const tick = (now: number) => {
      drawn += 1;
      move("pointermove", 0.5 + 0.4 * Math.sin((now - begin) / 300));
      if (now - begin < ms) requestAnimationFrame(tick);
      else done();
    };
    requestAnimationFrame(tick);
  });
  const rate = (drawn - 1) / ((performance.now() - begin) / 1000);
  move("pointerup", 0.5);
  return rate;
}
