/** What came back for a call. */
export interface Reply {
  readonly status: number;
  /** Whom the service saw. */
  readonly caller?: string;
  /** What came back for the call that the service made in turn. */
  readonly next?: Reply;
}

export async function postJson(
  fetch: typeof globalThis.fetch,
  url: string,
  content: unknown,
): Promise<Reply> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(content),
  });
  return { ...((await response.json()) as object), status: response.status };
}
