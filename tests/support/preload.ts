process.on("unhandledRejection", (reason) => {
  console.error("unhandled rejection in a test:", reason);
  process.exitCode = 1;
  throw reason;
});
