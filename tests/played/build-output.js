// Reads a build output with Vercel's own code, and prints its functions as JSON. Fails if Vercel's schema does not
// accept the routes.
//
//     NODE_PATH=… node build-output.js FOLDER

const fs = require("fs");
const path = require("path");
const Ajv = require("ajv");
const { deserializeBuildOutput, deserializeLambda } = require("@vercel/build-utils");
const { normalizeRoutes, routesSchema } = require("@vercel/routing-utils");

function checkRoutes(routes) {
  const fits = new Ajv().compile(routesSchema);
  if (!fits(routes)) throw new Error(JSON.stringify(fits.errors));
  const { error } = normalizeRoutes(routes);
  if (error) throw new Error(JSON.stringify(error));
}

function shown(lambda) {
  const modes = Object.entries(lambda.files).map(([name, file]) => [name, file.mode]);
  return {
    runtime: lambda.runtime,
    handler: lambda.handler,
    language: lambda.runtimeLanguage,
    architecture: lambda.architecture,
    duration: lambda.maxDuration,
    modes: Object.fromEntries(modes),
  };
}

async function main(folder) {
  const config = JSON.parse(fs.readFileSync(path.join(folder, "config.json"), "utf8"));
  checkRoutes(config.routes);
  // Vercel's command joins functions only if they ask for it.
  const groupLambdas = async () => ({});
  const options = { outputDir: folder, repoRootPath: folder, deserializeLambda, groupLambdas };
  const found = await deserializeBuildOutput(options);
  const functions = Object.entries(found.output).map(([name, lambda]) => [name, shown(lambda)]);
  process.stdout.write(JSON.stringify(Object.fromEntries(functions)));
}

main(process.argv[2]).catch((fault) => {
  process.stderr.write(`${fault.stack}\n`);
  process.exit(1);
});
