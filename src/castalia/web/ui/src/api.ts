// Every request of the face goes through here: one prefix, one error type, one way to notice a lost server.
import { connectionLost, prefix } from "./connection";
import type { Json } from "./types";

export interface FieldError {
  field: string;
  got?: string;
  expected?: string;
  cure?: string;
}

/** Problem details as the server sends them (RFC 9457 with subject, got, expected and cure). */
export class Problem extends Error {
  readonly status: number;
  readonly subject: string;
  readonly got: string;
  readonly expected: string;
  readonly cure: string;
  readonly errors: FieldError[];
  /** Seconds after which it can be asked again; 0 where the server does not say. */
  readonly after: number;

  constructor(status: number, body: Record<string, unknown>, after = 0) {
    const text = (name: string): string => (typeof body[name] === "string" ? (body[name] as string) : "");
    const subject = text("subject") || text("title") || `The server answered ${status}`;
    super(subject);
    this.status = status;
    this.after = after;
    this.subject = subject;
    this.got = text("got");
    this.expected = text("expected");
    this.cure = text("cure") || (text("got") || text("expected") ? "" : text("detail"));
    const field = text("field");
    const errors = Array.isArray(body.errors) ? (body.errors as FieldError[]).filter((one) => one && typeof one === "object") : [];
    this.errors = errors.length || !field ? errors : [{ field, got: this.got, expected: this.expected, cure: this.cure }];
  }
}

export const LOST = new Problem(0, {
  subject: "The workbench does not answer",
  cure: "This page goes on by itself as soon as it is back. If you stopped it, start it again: castalia up",
});

export const url = (path: string): string => prefix + path;

/** Fetch below the prefix; throws Problem for a refusal and LOST where nothing answered. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(url(path), { credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    connectionLost();
    throw LOST;
  }
  if (answer.ok) return answer;
  // The token page answers at the same address; after it the person is back here.
  if (answer.status === 401) location.reload();
  const body = (await answer.json().catch(() => undefined)) as Record<string, unknown> | undefined;
  // A change that ends without a word of ours: the workbench stopped while it was at it.
  if (!body && init.method && answer.status >= 500) {
    connectionLost();
    throw LOST;
  }
  throw new Problem(answer.status, body ?? {}, Math.min(30, Number(answer.headers.get("retry-after")) || 0));
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await request(path, { headers: { accept: "application/json" }, signal: signal ?? null });
  return (await answer.json()) as T;
}

export async function send<T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: Json | object, signal?: AbortSignal): Promise<T> {
  const answer = await post(method, path, body, signal);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

export function post(method: string, path: string, body?: Json | object, signal?: AbortSignal): Promise<Response> {
  const headers = { accept: "application/json", "content-type": "application/json" };
  return request(path, { method, headers, body: body === undefined ? null : JSON.stringify(body), signal: signal ?? null });
}

export const part = encodeURIComponent;
