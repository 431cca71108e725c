using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace SafetyPortal.Requests.Migrations
{
    /// <inheritdoc />
    public partial class BlindJudgementsAndKeyNames : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "Name",
                table: "WorkerKeys",
                type: "TEXT",
                maxLength: 255,
                nullable: false,
                defaultValue: "");

            migrationBuilder.CreateTable(
                name: "BlindJudgements",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    RequestId = table.Column<long>(type: "INTEGER", nullable: false),
                    RunId = table.Column<long>(type: "INTEGER", nullable: false),
                    EvidenceDigest = table.Column<string>(type: "TEXT", nullable: false),
                    JudgeId = table.Column<string>(type: "TEXT", nullable: false),
                    JudgeName = table.Column<string>(type: "TEXT", nullable: false),
                    StartedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    FinishedAt = table.Column<long>(type: "INTEGER", nullable: true),
                    Deck = table.Column<string>(type: "TEXT", nullable: false),
                    Marks = table.Column<string>(type: "TEXT", nullable: false),
                    Version = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_BlindJudgements", x => x.Id);
                    table.ForeignKey(
                        name: "FK_BlindJudgements_EraseRequests_RequestId",
                        column: x => x.RequestId,
                        principalTable: "EraseRequests",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_BlindJudgements_Runs_RunId",
                        column: x => x.RunId,
                        principalTable: "Runs",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateIndex(
                name: "IX_BlindJudgements_RequestId_EvidenceDigest",
                table: "BlindJudgements",
                columns: new[] { "RequestId", "EvidenceDigest" });

            migrationBuilder.CreateIndex(
                name: "IX_BlindJudgements_RunId",
                table: "BlindJudgements",
                column: "RunId");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "BlindJudgements");

            migrationBuilder.DropColumn(
                name: "Name",
                table: "WorkerKeys");
        }
    }
}
