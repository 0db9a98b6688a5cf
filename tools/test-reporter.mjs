// Vitest reporter behind tools/test.mjs: writes what passed, failed and did not run to the file in AMA_SAM_TEST_REPORT.
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { root } from "./workspace.mjs";

export default class TestReport {
  onTestRunEnd(modules, unhandled) {
    const report = { passed: 0, failed: [], notRun: [] };
    const fileOf = (module) => relative(root, module.moduleId);
    for (const module of modules) {
      const file = fileOf(module);
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
    for (const error of unhandled) report.failed.push(`outside any test: ${error.message}`);
    writeFileSync(process.env.AMA_SAM_TEST_REPORT, JSON.stringify(report));
  }
}
