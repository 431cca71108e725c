using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace SafetyPortal.Requests.Migrations
{
    /// <inheritdoc />
    public partial class EraseMethods : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "Method",
                table: "EraseRequests",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "Method",
                table: "EraseRequests");
        }
    }
}
