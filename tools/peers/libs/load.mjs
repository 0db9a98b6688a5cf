/** Imports a package of this folder. Its name is no literal, so that nothing takes it for a dependency of the repository. */
export const load = (name) => import(name);
