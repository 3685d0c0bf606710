using Cloud.Modules.Platform.Errors;

namespace Cloud.Modules.Organizations;

/// <summary>Failures of this module.</summary>
internal static class OrganizationErrors
{
    public const string ProjectNameTaken = "project-name-taken";
    public const string ProjectNotEmpty = "project-not-empty";
    public const string OrganizationNotEmpty = "organization-not-empty";
    public const string LastOwner = "last-owner";
    public const string UnknownRole = "unknown-role";
    public const string UnknownPrincipal = "unknown-principal";
    public const string UnknownScope = "unknown-scope";
    public const string RoleExceedsOwn = "role-exceeds-own";
    public const string RoleBound = "role-bound";

    public static IReadOnlyList<ErrorDefinition> All { get; } =
    [
        new(ProjectNameTaken, 409, "The organization has a project of this name.", "Choose another name, or use the project that Location names."),
        new(ProjectNotEmpty, 409, "The project is not empty.", "Delete what is in it first."),
        new(OrganizationNotEmpty, 409, "The organization is not empty.", "Delete its projects first."),
        new(LastOwner, 409, "The organization would have no owner.", "Make somebody else its owner first."),
        new(UnknownRole, 422, "There is no such role.", "Use a name from GET …/roles."),
        new(UnknownPrincipal, 422, "The organization has no such member or API key.", "Use the id of a member or of an API key."),
        new(UnknownScope, 422, "The organization has no such project or cluster.", "Use the id of the organization, or of a project or cluster of it."),
        new(RoleExceedsOwn, 403, "The role allows more than the caller may.", "Ask an owner to grant it."),
        new(RoleBound, 409, "The principal has this role there already.", "Nothing needs to be done."),
    ];
}
