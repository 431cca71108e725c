using System.Reflection;
using System.Text;

namespace TorchSharp.Tests.Surface;

/// <summary>
/// Every public signature of the binding, as a text file beside this one. The binding stands in for the TorchSharp package, so a signature may only
/// change to what that package has; a change therefore shows up here, in review, and not when somebody builds with the package.
/// After a change on purpose: SURFACE_APPROVE=1 dotnet test --filter PublicSurface, then read the difference.
/// </summary>
public class PublicSurfaceTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Fact]
    public void PublicSurface_OfTheBinding_IsTheApprovedOne()
    {
        var lines = typeof(torch).Assembly.GetTypes().Where(t => t.IsVisible).OrderBy(Name, StringComparer.Ordinal).SelectMany(Describe).ToList();
        lines.Count.ShouldBeGreaterThan(500);
        var file = ApprovedFile();
        if (Environment.GetEnvironmentVariable("SURFACE_APPROVE") == "1")
            File.WriteAllLines(file, lines);
        var approved = File.ReadAllLines(file);
        lines.Except(approved, StringComparer.Ordinal).ShouldBeEmpty("signatures that are not approved");
        approved.Except(lines, StringComparer.Ordinal).ShouldBeEmpty("approved signatures that are gone");
    }

    private static IEnumerable<string> Describe(Type type)
    {
        yield return $"{Kind(type)} {Name(type)}{(type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && !type.IsEnum ? " : " + Name(parent) : "")}";
        var members = type.IsEnum
            ? Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name), System.Globalization.CultureInfo.InvariantCulture)}")
            : type.GetMembers(Declared).Select(Member).OfType<string>();
        foreach (var member in members.Order(StringComparer.Ordinal))
            yield return $"  {Name(type)}: {member}";
    }

    private static string? Member(MemberInfo member) => member switch
    {
        ConstructorInfo c when Seen(c) => $"new({Parameters(c)})",
        MethodInfo m when Seen(m) && (!m.IsSpecialName || m.Name.StartsWith("op_", StringComparison.Ordinal)) => $"{Static(m)}{Name(m.ReturnType)} {m.Name}{Generic(m)}({Parameters(m)})",
        PropertyInfo p when p.GetAccessors(nonPublic: true).Any(Seen) =>
            $"{Name(p.PropertyType)} {p.Name}{(p.GetIndexParameters() is { Length: > 0 } index ? $"[{string.Join(", ", index.Select(Parameter))}]" : "")} {{ {string.Join(" ", p.GetAccessors(nonPublic: true).Where(Seen).Select(a => a.Name.Split('_')[0]).Order(StringComparer.Ordinal))} }}",
        FieldInfo { IsPublic: true } f => $"{(f.IsStatic ? "static " : "")}{Name(f.FieldType)} {f.Name}",
        _ => null,
    };

    private static bool Seen(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Kind(Type type) => type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct" : typeof(Delegate).IsAssignableFrom(type) ? "delegate" : "class";

    private static string Static(MethodInfo method) => method.IsStatic ? "static " : "";

    private static string Generic(MethodInfo method) => method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter) =>
        $"{Name(parameter.ParameterType)} {parameter.Name}{(parameter.HasDefaultValue ? " = " + (parameter.RawDefaultValue is { } value ? Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) : "default") : "")}";

    private static string Name(Type type)
    {
        if (type.IsGenericParameter) return type.Name;
        if (type.HasElementType) return Name(type.GetElementType()!) + (type.IsArray ? "[]" : "&");
        var name = new StringBuilder(type.IsNested ? $"{Name(type.DeclaringType!)}.{type.Name}" : $"{type.Namespace}.{type.Name}");
        if (type.IsGenericType) name.Append('<').AppendJoin(", ", type.GetGenericArguments().Select(Name)).Append('>');
        return name.ToString();
    }

    private static string ApprovedFile()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var file = Path.Combine(folder.FullName, "tests", "SafetyPortal.Torch.Tests", "Surface", "approved.txt");
            if (Directory.Exists(Path.GetDirectoryName(file))) return file;
        }

        throw new DirectoryNotFoundException("The folder tests/SafetyPortal.Torch.Tests/Surface was not found above the test assembly.");
    }
}
