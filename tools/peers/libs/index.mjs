// A library's own types exist only where it is installed: these files stay JavaScript.
const LIBRARIES = {
  tfjs: () => import("./tfjs.mjs"),
  "jax-js": () => import("./jaxjs.mjs"),
  "ort-web": () => import("./ort.mjs"),
};

export async function openLibrary(name, host) {
  const { open } = await LIBRARIES[name]();
  return open(host);
}
