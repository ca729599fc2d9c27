import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface Tap {
  context: AudioContext;
  analysers: AnalyserNode[];
}
/** A media element can be tapped once in its life, so the tap lives as long as the element. */
const taps = new WeakMap<HTMLMediaElement, Tap>();

function tapOf(element: HTMLMediaElement): Tap {
  const known = taps.get(element);
  if (known) return known;
  const context = new AudioContext();
  const source = context.createMediaElementSource(element);
  source.connect(context.destination);
  const splitter = context.createChannelSplitter(2);
  source.connect(splitter);
  const analysers = [0, 1].map((channel) => {
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    splitter.connect(analyser, channel);
    return analyser;
  });
  const tap = { context, analysers };
  taps.set(element, tap);
  return tap;
}

/** Peak level per channel, -60 to 0 dBFS from bottom to top. */
export function Meters({ video }: { video: RefObject<HTMLVideoElement> }) {
  const root = useRef<HTMLDivElement>(null);
  const [count, setCount] = useState(2);
  useEffect(() => {
    if (!video.current) return;
    const { context, analysers } = tapOf(video.current);
    void context.resume();
    setCount(analysers.length);
    const samples = new Float32Array(1024);
    const held = analysers.map(() => -60);
    let handle = 0;
    const tick = () => {
      analysers.forEach((analyser, index) => {
        analyser.getFloatTimeDomainData(samples);
        let peak = 0;
        for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
        const db = peak > 0 ? 20 * Math.log10(peak) : -60;
        held[index] = Math.max(db, (held[index] ?? -60) - 0.8);
        const bar = root.current?.children[index]?.firstElementChild;
        if (bar instanceof HTMLElement)
          bar.style.setProperty("--level", `${Math.max(0, ((held[index] ?? -60) + 60) / 0.6)}%`);
      });
      handle = requestAnimationFrame(tick);
    };
    handle = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(handle);
  }, []);
  return (
    <div class="meters" ref={root} role="img" aria-label="Audio meters">
      {Array.from({ length: count }, (_, index) => (
        <div key={index}>
          <span />
        </div>
      ))}
    </div>
  );
}
