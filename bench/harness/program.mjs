/** What the bench told this program. */
export const data = JSON.parse(process.argv[2] ?? "null");

/** Says that this program is ready, and answers each question until the bench hangs up. */
export function serveQuestions(ready, answer) {
  process.on("message", async (question) => {
    try {
      process.send(await answer(question));
    } catch (error) {
      process.send({ failure: String(error?.stack ?? error) });
    }
  });
  process.once("disconnect", () => process.exit(0));
  process.send(ready);
}
