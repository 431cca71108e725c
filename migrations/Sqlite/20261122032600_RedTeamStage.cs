using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using SafetyPortal.Requests.Data;

#nullable disable

namespace SafetyPortal.Requests.Migrations
{
    /// <summary>The red team became stage 6, so the evidence stage moves to 7. The model of the database stays as it is.</summary>
    [DbContext(typeof(PortalDb))]
    [Migration("20261122032600_RedTeamStage")]
    public partial class RedTeamStage : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder) => Move(migrationBuilder, from: 6, to: 7);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("DELETE FROM \"StageResults\" WHERE \"Stage\" = 6");
            Move(migrationBuilder, from: 7, to: 6);
        }

        private static void Move(MigrationBuilder migrationBuilder, int from, int to)
        {
            migrationBuilder.Sql($"UPDATE \"StageResults\" SET \"Stage\" = {to} WHERE \"Stage\" = {from}");
            migrationBuilder.Sql($"UPDATE \"Runs\" SET \"Stage\" = {to} WHERE \"Stage\" = {from}");
        }
    }
}
