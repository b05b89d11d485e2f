// Our own line icons, 16 × 16, drawn with the ink of the text beside them. Decoration: words carry the meaning.
const paths = {
  wave: "M2 6.5c2.2-2.2 3.8 1.6 6 0s2.7-1.6 3.8-.5S13.6 7 14 6.2M2 11c2.2-2.2 3.8 1.6 6 0s2.7-1.6 3.8-.5 1.8 1 2.2.2",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.6-1.4L14 14",
  sun: "M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6ZM8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9",
  moon: "M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z",
  copy: "M5.5 5.5v-2a1 1 0 0 1 1-1h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-2M3.5 5.5h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-6a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1Z",
  check: "M3 8.5l3.2 3.2L13 4.8",
  cross: "M4 4l8 8M12 4l-8 8",
  alert: "M8 5.5v3.2M8 11.2v.1M8 1.8 14.6 13.5H1.4L8 1.8Z",
  dot: "M8 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z",
  ring: "M8 12.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9Z",
  stop: "M4.5 4.5h7v7h-7z",
  play: "M5 3.2v9.6l7.6-4.8Z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  bell: "M4 7a4 4 0 0 1 8 0c0 3.2 1.5 4.3 1.5 4.3h-11S4 10.2 4 7ZM6.7 13.6a1.4 1.4 0 0 0 2.6 0",
  up: "M8 12.5v-9M4 7.3l4-4 4 4",
  down: "M8 3.5v9M4 8.7l4 4 4-4",
  left: "M10 3.5 5.5 8l4.5 4.5",
  right: "M6 3.5 10.5 8 6 12.5",
  table: "M2.5 3.5h11v9h-11zM2.5 6.5h11M6.5 6.5v6",
  pencil: "M11.2 2.8l2 2L5.5 12.5l-2.8.8.8-2.8Z",
  folder: "M2 4.5a1 1 0 0 1 1-1h3.2l1.3 1.5H13a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1Z",
  file: "M4 2h5l3 3v9H4ZM9 2v3h3",
  download: "M8 2.5v8M4.8 7.5 8 10.7l3.2-3.2M3 13.5h10",
  archive: "M2.5 3h11v3h-11zM3.5 6v7h9V6M6.5 8.8h3",
  trash: "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 9h5.8l.6-9",
  undo: "M6 3 2.5 6.5 6 10M3 6.5h6a4 4 0 0 1 0 8H7",
  plus: "M8 3v10M3 8h10",
  more: "M3.2 7.6h.8v.8h-.8ZM7.6 7.6h.8v.8h-.8ZM12 7.6h.8v.8h-.8Z",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-9v3.3l2.2 1.4",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 9.7a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4Z",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
