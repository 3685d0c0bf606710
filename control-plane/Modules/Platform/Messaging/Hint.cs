namespace Cloud.Modules.Platform.Messaging;

/// <summary>What travels on the bus: never more than ids, so that an old message can do no harm.</summary>
/// <param name="MessageId">The outbox row's id.</param>
/// <param name="Kind">Which reconciler it is for.</param>
/// <param name="Subject">The id of what needs attention.</param>
/// <param name="SchemaVersion">Version of this shape; another one is dropped, as the sweep covers for it.</param>
internal sealed record Hint(Guid MessageId, string Kind, Guid Subject, int SchemaVersion)
{
    public const int CurrentSchemaVersion = 1;
}
