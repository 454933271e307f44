// Loaded into the process that run.mjs starts: when run.mjs is gone (kill -9 included), the channel
// between them closes and the process is asked to stop, as if by SIGTERM. Nobody keeps ports and
// data locked behind the back of the person who ended `npm start`.
if (process.channel) {
  process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
  // The listener alone must not keep a finished script alive.
  process.channel.unref();
}
