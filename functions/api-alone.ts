// The entry of a script that holds the API alone: deploying it ends nothing that the objects in other scripts do.
export { api as default } from "./api.ts";
