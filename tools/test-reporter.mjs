// Vitest reporter behind tools/test.mjs: writes what passed, failed and did not run to the file in AMA_SAM_TEST_REPORT.
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { root } from "./workspace.mjs";

const fileOf = (module) => relative(root, module.moduleId);
const key = ({ project, moduleId }) => `${project.name} ${moduleId}`;

/** Whether an error says that a worker process ended by itself. */
const isDeath = (error) => /Worker exited unexpectedly/.test(`${error.message} ${error.cause?.message}`);

export default class TestReport {
  #planned = [];

  onTestRunStart(specifications) {
    this.#planned = [...specifications];
  }

  onTestRunEnd(modules, unhandled) {
    const report = { passed: 0, failed: [], notRun: [], died: unhandled.some(isDeath), unfinished: [] };
    const finished = new Set();
    for (const module of modules) {
      const file = fileOf(module);
      if (!["queued", "pending"].includes(module.state())) finished.add(key(module));
      // What a dead process left of a file counts when the whole file has run again.
      else if (report.died) continue;
      for (const error of module.errors()) report.failed.push(`${file}: ${error.message.split("\n")[0]}`);
      for (const suite of module.children.allSuites())
        for (const error of suite.errors())
          report.failed.push(`${file} > ${suite.fullName}: ${error.message.split("\n")[0]}`);
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") report.passed++;
        else (state === "failed" ? report.failed : report.notRun).push(`${file} > ${test.fullName}`);
      }
    }
    if (report.died) report.unfinished = this.#planned.filter((it) => !finished.has(key(it))).map(fileOf);
    for (const error of unhandled) if (!isDeath(error)) report.failed.push(`outside any test: ${error.message}`);
    writeFileSync(process.env.AMA_SAM_TEST_REPORT, JSON.stringify(report));
  }
}
