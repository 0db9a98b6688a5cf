import { join } from "node:path";
import { type AddCommand, pathFrom } from "../command";
import { EXIT } from "../errors";
import { writeAtomic } from "../files/atomic-write";
import { reportOfFolder } from "../output/report/report-folder";

/** `ama-sam report`: writes a run's report again, also of a run that is not finished. */
export const addReport: AddCommand = (program, { io, run }) => {
  program
    .command("report")
    .summary("write the report of a run")
    .description(
      "Makes report.html from what is in a run folder, finished or not: one file without scripts that can be sent to anyone.",
    )
    .argument("<run>", "a run or evaluation folder")
    .option("--out <file>", "where the report goes (default: report.html in the folder)")
    .option("--json", "print where it was written as JSON")
    .addHelpText("after", "\nExample: ama-sam report runs/demo")
    .action(
      run(async (folder: string, flags: { out?: string; json?: boolean }) => {
        const root = pathFrom(io, folder);
        const html = await reportOfFolder(root);
        const out = flags.out === undefined ? join(root, "report.html") : pathFrom(io, flags.out);
        await writeAtomic(out, html);
        io.out(flags.json ? `${JSON.stringify({ report: out, bytes: Buffer.byteLength(html) })}\n` : `${out}\n`);
        return EXIT.ok;
      }),
    );
};
