using System.Linq.Expressions;

namespace Cloud.Modules.Platform.Paging;

/// <summary>
/// The fields by which a list of <typeparamref name="TEntity"/> can be filtered and ordered; made once per list and kept in a
/// static field. <c>createdAt</c> and the id are always there: they are the default order and its tie-breaker.
/// </summary>
internal sealed class ListFields<TEntity>
{
    private readonly Dictionary<string, ListField> _fields = new(StringComparer.Ordinal);

    private ListFields(LambdaExpression createdAt, LambdaExpression id)
    {
        CreatedAt = createdAt;
        Id = id;
        _fields.Add("createdAt", new ListField("createdAt", createdAt, IsSortable: true));
    }

    public LambdaExpression CreatedAt { get; }

    public LambdaExpression Id { get; }

    public IEnumerable<string> Names => _fields.Keys;

    public IEnumerable<string> SortableNames => _fields.Values.Where(item => item.IsSortable).Select(item => item.Name);

    /// <param name="createdAt">A column that never changes.</param>
    /// <param name="id">A typed id: unique, uuid in the database.</param>
    public static ListFields<TEntity> By<TId>(
        Expression<Func<TEntity, DateTimeOffset>> createdAt,
        Expression<Func<TEntity, TId>> id) => new(createdAt, id);

    /// <summary>Adds a field that can be filtered by.</summary>
    /// <param name="isSortable">Only for columns that are never null.</param>
    public ListFields<TEntity> With<TValue>(string name, Expression<Func<TEntity, TValue>> value, bool isSortable = false)
    {
        _fields.Add(name, new ListField(name, value, isSortable));
        return this;
    }

    public ListField? Find(string name) => _fields.GetValueOrDefault(name);
}

/// <summary>One of them.</summary>
/// <param name="Name">As the API writes it.</param>
/// <param name="Value">Reads it from the entity.</param>
/// <param name="IsSortable">Whether orderBy may name it.</param>
internal sealed record ListField(string Name, LambdaExpression Value, bool IsSortable);
