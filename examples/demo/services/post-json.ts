/** What came back for a call. */
export interface Reply {
  readonly status: number;
  /** Whom the service saw. */
  readonly caller?: string;
  /** On whose behalf, as far as the service had evidence. */
  readonly customer?: string;
  /** What came back for the call that the service made in turn. */
  readonly next?: Reply;
  /** Why the service did not believe the answer to that call. */
  readonly distrust?: string;
}

export async function postJson(
  fetch: typeof globalThis.fetch,
  url: string,
  content: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(content),
  });
  return { ...((await response.json()) as object), status: response.status };
}
