using Cloud.Host;

return await Verbs.RunAsync(args);
