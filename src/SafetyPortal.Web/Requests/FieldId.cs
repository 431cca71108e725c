namespace SafetyPortal.Web.Requests;

/// <summary>Ids of form fields, derived from the property a problem names.</summary>
internal static class FieldId
{
    public static string Of(string property) => "field-" + property.ToLowerInvariant();
}
