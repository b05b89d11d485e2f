// How wide a box is, and whether it is on the screen.
import { useEffect, useState } from "preact/hooks";

export function useWidth(box: { current: HTMLElement | null }, again: unknown = 0): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const watcher = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)));
    watcher.observe(element);
    setWidth(Math.floor(element.clientWidth));
    return () => watcher.disconnect();
  }, [again]);
  return width;
}

/** Whether the element is on the screen now. */
export function useSeen(box: { current: HTMLElement | null }): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const watcher = new IntersectionObserver((entries) => setSeen(entries[entries.length - 1]!.isIntersecting));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  return seen;
}

/** True from the first time that the element is on the screen, or will be soon. */
export function useSeenOnce(box: { current: HTMLElement | null }): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (!element || seen) return;
    const watcher = new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && setSeen(true), { rootMargin: "240px" });
    watcher.observe(element);
    return () => watcher.disconnect();
  }, [seen]);
  return seen;
}
