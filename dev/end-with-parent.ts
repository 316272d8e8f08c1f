// Loaded by --import into a process that must not outlive the one that started it: the channel between them closes when that
// one is gone. Then it was killed, or it would have waited. At once, therefore: a graceful stop would log to nobody, on which
// pino waits for good when it has not noticed yet (sonic-boom 4.2.1 tries EPIPE again and again in flushSync).

process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// Does not keep the process: it ends by itself as it would without.
process.channel?.unref();
