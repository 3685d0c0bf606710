using System.Text;
using System.Text.Json;
using Cloud.Kernel;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Cloud.Modules.Platform.Data;

/// <summary>
/// What entity configurations need not say: typed ids are uuid columns, enums are their camel-case names, columns are snake_case,
/// and <see cref="IConcurrencyChecked"/> entities carry <c>xmin</c>. The schema itself is made by the SQL migrations.
/// </summary>
internal static class ModelConventions
{
    private static readonly Type[] Types =
        [
            .. typeof(ModelConventions).Assembly.GetTypes(),
            .. typeof(ITypedId<>).Assembly.GetTypes(),
            .. typeof(Contracts.InstanceRole).Assembly.GetTypes(),
        ];

    public static void MapValueTypes(ModelConfigurationBuilder configuration)
    {
        foreach (var id in Types.Where(IsTypedId))
        {
            configuration.Properties(id).HaveConversion(typeof(TypedIdConverter<>).MakeGenericType(id));
        }

        foreach (var choice in Types.Where(type => type is { IsEnum: true, IsNested: false, ContainsGenericParameters: false }))
        {
            configuration.Properties(choice).HaveConversion(typeof(EnumTextConverter<>).MakeGenericType(choice));
        }
    }

    public static void Apply(ModelBuilder model)
    {
        foreach (var entity in model.Model.GetEntityTypes().Where(entity => !entity.IsMappedToJson()).ToList())
        {
            if (typeof(IConcurrencyChecked).IsAssignableFrom(entity.ClrType))
            {
                model.Entity(entity.ClrType).Property<uint>("xmin").HasColumnName("xmin").IsRowVersion();
            }

            NameColumns(entity);
        }
    }

    /// <summary><c>createdAt</c> and <c>CreatedAt</c> become <c>created_at</c>; runs of capitals count as one word.</summary>
    internal static string ToSnakeCase(string name)
    {
        var text = new StringBuilder(name.Length + 8);
        for (var i = 0; i < name.Length; i++)
        {
            var startsWord = char.IsUpper(name[i])
                && i > 0
                && name[i - 1] != '_'
                && (!char.IsUpper(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1])));
            text.Append(startsWord ? "_" : string.Empty).Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }

    internal static bool IsTypedId(Type type) =>
        type is { IsValueType: true, ContainsGenericParameters: false }
        && Array.Exists(
            type.GetInterfaces(),
            face => face.IsGenericType && face.GetGenericTypeDefinition() == typeof(ITypedId<>));

    private static void NameColumns(IMutableEntityType entity)
    {
        foreach (var property in entity.GetProperties())
        {
            property.SetColumnName(ToSnakeCase(property.GetColumnName()));
        }
    }
}

/// <summary>Stores a typed id as its UUID.</summary>
internal sealed class TypedIdConverter<TId>() : ValueConverter<TId, Guid>(id => id.Value, value => Wrap(value))
    where TId : struct, ITypedId<TId>
{
    private static TId Wrap(Guid value) => TId.From(value);
}

/// <summary>Stores an enum as the camel-case name that the API shows as well.</summary>
internal sealed class EnumTextConverter<TEnum>() : ValueConverter<TEnum, string>(value => Write(value), text => Read(text))
    where TEnum : struct, Enum
{
    private static string Write(TEnum value) => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    private static TEnum Read(string text) => Enum.Parse<TEnum>(text, ignoreCase: true);
}
