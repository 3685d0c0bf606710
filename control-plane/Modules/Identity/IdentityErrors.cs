using Cloud.Modules.Platform.Errors;

namespace Cloud.Modules.Identity;

/// <summary>Failures of this module.</summary>
internal static class IdentityErrors
{
    public const string InvalidEmail = "invalid-email";
    public const string WeakPassword = "weak-password";
    public const string WrongPassword = "wrong-password";
    public const string InvalidCredentials = "invalid-credentials";
    public const string TooManyAttempts = "too-many-attempts";
    public const string SignUpClosed = "sign-up-closed";
    public const string InvalidOperatorLink = "invalid-operator-link";
    public const string UserOwnsOrganizations = "user-owns-organizations";

    public static IReadOnlyList<ErrorDefinition> All { get; } =
    [
        new(InvalidEmail, 422, "The e-mail address has a wrong form.", "Give an address such as name@example.com."),
        new(WeakPassword, 422, "The password is not taken.", "Choose a longer or less common password."),
        new(WrongPassword, 422, "The current password is wrong.", "Give the password that you sign in with now."),
        new(InvalidCredentials, 401, "The e-mail address or the password is wrong.", "Check both, or sign up first."),
        new(TooManyAttempts, 429, "There were too many failed sign-ins.", "Wait as long as Retry-After says.", Retryable: true),
        new(SignUpClosed, 403, "This cloud does not take sign-ups.", "Ask its operator to invite you."),
        new(InvalidOperatorLink, 422, "The operator's link does not work.", "Use the newest link that './cloud up' prints; each works once."),
        new(UserOwnsOrganizations, 409, "The person is the last owner of an organization with projects.",
            "Delete its projects, or make somebody else its owner, and try again."),
    ];
}
