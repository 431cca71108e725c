using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafetyPortal.Cli.Output;

/// <summary>How results are printed with <c>--json</c>: indented, camel case, enums by name.</summary>
public static class JsonText
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static string Of<T>(T value) => JsonSerializer.Serialize(value, Options);

    /// <summary>Prints the value as JSON, or else <paramref name="text"/>.</summary>
    public static void Print<T>(bool json, T value, Func<string> text) => Console.Out.WriteLine(json ? Of(value) : text());
}
