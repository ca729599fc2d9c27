import type { View } from "./view.ts";

/** Action and title safe areas (SMPTE ST 2046-1: 93 % and 90 %) and the mask of another aspect ratio. */
export function Guides({ view, ratio }: { view: View; ratio: number }) {
  const aspect = view.aspect.value;
  if (!view.safeAreas.value && !aspect) return null;
  const [w, h] = [ratio * 1000, 1000];
  const inner = aspect ? (aspect > ratio ? { w, h: w / aspect } : { w: h * aspect, h }) : { w, h };
  const [left, top] = [(w - inner.w) / 2, (h - inner.h) / 2];
  const safe = (share: number) => ({
    x: left + (inner.w * (1 - share)) / 2,
    y: top + (inner.h * (1 - share)) / 2,
    width: inner.w * share,
    height: inner.h * share,
    fill: "none",
    stroke: "rgb(255 255 255 / 0.7)",
    "stroke-width": 1.5,
    "vector-effect": "non-scaling-stroke" as const,
  });
  return (
    <svg class="guides" viewBox={`0 0 ${w} ${h}`} preserveAspectRatio="none" aria-hidden="true">
      {aspect && (
        <path
          d={`M0,0H${w}V${h}H0ZM${left},${top}V${top + inner.h}H${left + inner.w}V${top}Z`}
          fill="rgb(0 0 0 / 0.72)"
          fill-rule="evenodd"
        />
      )}
      {view.safeAreas.value && (
        <>
          <rect {...safe(0.93)} />
          <rect {...safe(0.9)} stroke-dasharray="6 4" />
          <path
            d={`M${w / 2 - 20},${h / 2}h40M${w / 2},${h / 2 - 20}v40`}
            stroke="rgb(255 255 255 / 0.7)"
            stroke-width="1.5"
            vector-effect="non-scaling-stroke"
          />
        </>
      )}
    </svg>
  );
}
