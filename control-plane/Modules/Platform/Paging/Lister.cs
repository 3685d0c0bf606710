using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;
using Cloud.Kernel;
using Cloud.Modules.Platform.Errors;
using Cloud.Modules.Platform.Http;
using Microsoft.EntityFrameworkCore;

namespace Cloud.Modules.Platform.Paging;

/// <summary>
/// Reads one page of a list. Scoped.
/// </summary>
/// <remarks>
/// Keyset paging over (ordering field, id), among rows created up to the moment of the first page. A row that exists throughout the
/// walk and whose ordering field does not change appears exactly once: the order is total, each page begins strictly after the last
/// row of the previous one, and rows made later are left out.
/// </remarks>
internal sealed class Lister(PageTokens tokens, TimeProvider time, IHttpContextAccessor http)
{
    /// <param name="rows">Already narrowed to what the caller may see.</param>
    /// <param name="map">From entity to reply item; runs in memory.</param>
    public async Task<Reply<Page<TItem>>> ListAsync<TEntity, TItem>(
        IQueryable<TEntity> rows,
        ListFields<TEntity> fields,
        ListQuery query,
        Func<TEntity, TItem> map,
        CancellationToken cancellationToken)
        where TEntity : class
    {
        if (query.PageSize is < 1 or > ListQuery.PageSizeMax)
        {
            return new Failure(
                PlatformErrors.MalformedRequest, $"pageSize is {query.PageSize}, but must be 1 to {ListQuery.PageSizeMax}.", "pageSize");
        }

        if (!Order.Parse(query.OrderBy, fields).TryGet(out var order, out var invalid))
        {
            return invalid;
        }

        var list = $"{http.HttpContext?.Request.Path}\n{query.Filter}\n{query.OrderBy}";
        var position = query.PageToken is null ? null : tokens.Read(query.PageToken, list);
        if (position is null && query.PageToken is not null)
        {
            return new Failure(
                PlatformErrors.InvalidPageToken, "The page token belongs to another list, filter or order, or was changed.", "pageToken");
        }

        var cutOff = position?.CutOff ?? time.GetUtcNow();
        rows = rows.Where(CreatedUpTo(fields, cutOff));
        if (query.Filter is { Length: > 0 } filter)
        {
            if (!ListFilter.Parse(filter, fields).TryGet(out var predicate, out invalid))
            {
                return invalid;
            }

            rows = rows.Where(predicate);
        }

        var size = query.PageSize ?? ListQuery.PageSizeDefault;
        var page = await order.Sort(position is null ? rows : rows.Where(order.After(position)))
            .AsNoTracking().Take(size + 1).ToListAsync(cancellationToken);
        var next = page.Count > size ? tokens.Write(order.PositionOf(page[size - 1], cutOff), list) : null;
        return Reply.Ok(new Page<TItem>([.. page.Take(size).Select(map)], next));
    }

    private static Expression<Func<TEntity, bool>> CreatedUpTo<TEntity>(ListFields<TEntity> fields, DateTimeOffset cutOff)
    {
        var row = Expression.Parameter(typeof(TEntity), "row");
        return Expression.Lambda<Func<TEntity, bool>>(
            Keyset.Compare(ExpressionType.LessThanOrEqual, Keyset.Inline(fields.CreatedAt, row), cutOff), row);
    }

    /// <summary>An ordering and its reverse-free keyset.</summary>
    private sealed record Order<TEntity>(ListField Field, LambdaExpression Id, bool IsDescending)
    {
        public IQueryable<TEntity> Sort(IQueryable<TEntity> rows)
        {
            var first = Call(IsDescending ? nameof(Queryable.OrderByDescending) : nameof(Queryable.OrderBy), rows.Expression, Field.Value);
            var second = Call(IsDescending ? nameof(Queryable.ThenByDescending) : nameof(Queryable.ThenBy), first, Id);
            return rows.Provider.CreateQuery<TEntity>(second);
        }

        /// <summary><c>key &gt;= k and (key &gt; k or id &gt; i)</c>: the first half lets the database start in the middle of its index.</summary>
        public Expression<Func<TEntity, bool>> After(PagePosition position)
        {
            var row = Expression.Parameter(typeof(TEntity), "row");
            var key = Keyset.Inline(Field.Value, row);
            var id = Keyset.Inline(Id, row);
            var keyValue = Order.ReadKey(key.Type, position.Key);
            var idValue = id.Type == typeof(Guid) ? position.Id : Activator.CreateInstance(id.Type, position.Id)!; // typed ids wrap a Guid
            var strictly = IsDescending ? ExpressionType.LessThan : ExpressionType.GreaterThan;
            var atLeast = IsDescending ? ExpressionType.LessThanOrEqual : ExpressionType.GreaterThanOrEqual;
            return Expression.Lambda<Func<TEntity, bool>>(
                Expression.AndAlso(
                    Keyset.Compare(atLeast, key, keyValue),
                    Expression.OrElse(Keyset.Compare(strictly, key, keyValue), Keyset.Compare(strictly, id, idValue))),
                row);
        }

        public PagePosition PositionOf(TEntity entity, DateTimeOffset cutOff)
        {
            var id = Id.Compile().DynamicInvoke(entity);
            var value = id is Guid guid ? guid : (Guid)id!.GetType().GetProperty("Value")!.GetValue(id)!; // typed ids wrap a Guid
            return new PagePosition(Order.WriteKey(Field.Value.Compile().DynamicInvoke(entity)), value, cutOff);
        }

        private static MethodCallExpression Call(string method, Expression source, LambdaExpression key) => Expression.Call(
            typeof(Queryable), method, [typeof(TEntity), key.ReturnType], source, Expression.Quote(key));
    }

    private static class Order
    {
        public static Outcome<Order<TEntity>> Parse<TEntity>(string? text, ListFields<TEntity> fields)
        {
            var words = (string.IsNullOrWhiteSpace(text) ? "createdAt" : text).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var field = fields.Find(words[0]);
            if (field is not { IsSortable: true } || words.Length > 2 || (words.Length == 2 && words[1] is not ("asc" or "desc")))
            {
                return new Failure(
                    PlatformErrors.InvalidFilter,
                    $"orderBy is '{text}', but must be one of {string.Join(", ", fields.SortableNames)}, then optionally desc.",
                    "orderBy");
            }

            return new Order<TEntity>(field, fields.Id, words.Length == 2 && words[1] == "desc");
        }

        public static string WriteKey(object? key) => key switch
        {
            DateTimeOffset time => time.ToString("O", CultureInfo.InvariantCulture),
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => key?.ToString() ?? string.Empty,
        };

        public static object ReadKey(Type type, string text) =>
            type == typeof(string) ? text
            : type == typeof(DateTimeOffset)
                ? DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind)
                : Convert.ChangeType(text, type, CultureInfo.InvariantCulture);
    }
}
