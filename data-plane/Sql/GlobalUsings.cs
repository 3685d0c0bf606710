global using Cloud.Execution.Expressions;
