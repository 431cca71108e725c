using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace SafetyPortal.Requests.Migrations
{
    /// <inheritdoc />
    public partial class WordsPerRun : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Waivers_RequestId_EvidenceDigest",
                table: "Waivers");

            migrationBuilder.DropIndex(
                name: "IX_Decisions_RequestId_EvidenceDigest_ApproverId",
                table: "Decisions");

            migrationBuilder.DropIndex(
                name: "IX_Decisions_RunId",
                table: "Decisions");

            migrationBuilder.AddColumn<long>(
                name: "RunId",
                table: "Waivers",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            // A waiver counted for a digest; it goes to the newest run that ended with it.
            migrationBuilder.Sql(
                """
                UPDATE Waivers SET RunId = COALESCE((
                    SELECT MAX(Runs.Id) FROM Runs WHERE Runs.RequestId = Waivers.RequestId AND Runs.EvidenceDigest = Waivers.EvidenceDigest), 0);
                """);

            migrationBuilder.CreateIndex(
                name: "IX_Waivers_RequestId_RunId",
                table: "Waivers",
                columns: new[] { "RequestId", "RunId" });

            migrationBuilder.CreateIndex(
                name: "IX_Decisions_RequestId",
                table: "Decisions",
                column: "RequestId");

            migrationBuilder.CreateIndex(
                name: "IX_Decisions_RunId_ApproverId_Kind",
                table: "Decisions",
                columns: new[] { "RunId", "ApproverId", "Kind" },
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Waivers_RequestId_RunId",
                table: "Waivers");

            migrationBuilder.DropIndex(
                name: "IX_Decisions_RequestId",
                table: "Decisions");

            migrationBuilder.DropIndex(
                name: "IX_Decisions_RunId_ApproverId_Kind",
                table: "Decisions");

            migrationBuilder.DropColumn(
                name: "RunId",
                table: "Waivers");

            migrationBuilder.CreateIndex(
                name: "IX_Waivers_RequestId_EvidenceDigest",
                table: "Waivers",
                columns: new[] { "RequestId", "EvidenceDigest" });

            migrationBuilder.CreateIndex(
                name: "IX_Decisions_RequestId_EvidenceDigest_ApproverId",
                table: "Decisions",
                columns: new[] { "RequestId", "EvidenceDigest", "ApproverId" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Decisions_RunId",
                table: "Decisions",
                column: "RunId");
        }
    }
}
