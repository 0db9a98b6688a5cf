// Wrong options of a tool are one line, not a stack trace.
process.on("uncaughtException", (error) => {
  if (!error?.code?.startsWith?.("ERR_PARSE_ARGS_")) {
    console.error(error);
    process.exit(1);
  }
  console.error(`${error.message}${/[.!?]$/.test(error.message) ? "" : "."} See --help.`);
  process.exit(2);
});
