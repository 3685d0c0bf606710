// The console's own view of a problem, not the document that the API sends.
global using Problem = Cloud.Portal.Api.Problem;
