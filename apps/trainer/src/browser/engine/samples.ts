import { type FileSource, memorySource } from "@ama-sam/data";
import { carriedList, fetchCarried } from "./carried";

/** A sample data set, by the name of its folder. */
export async function sampleSource(name: string): Promise<FileSource> {
  const paths = (await carriedList()).samples.filter((path) => path.startsWith(`${name}/`));
  const files = await Promise.all(
    paths.map(async (path) => [path.slice(name.length + 1), await fetchCarried(`samples/${path}`)] as const),
  );
  return memorySource(new Map(files));
}
