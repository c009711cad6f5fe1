package dev.millrace.perf.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ProduceReportTest {
    private static int exitCode(Reports report) {
        return report.make().exitCode();
    }

    @Test
    void shouldEndWell() {
        assertEquals(0, exitCode(Reports.clean()));
        assertEquals(0, exitCode(Reports.clean().targets("p50<1s,rate>=1,errors=0")));
        assertEquals(0, exitCode(Reports.clean().unconfirmed()));
    }

    @Test
    void shouldEndWith1WhenTheLogDisagrees() {
        assertEquals(1, exitCode(Reports.clean().confirmed(999)));
        assertEquals(1, exitCode(Reports.clean().confirmed(1_001)));
    }

    @Test
    void shouldEndWith1WhenRecordsFailAndNoTargetJudgesThem() {
        ProduceReport report = Reports.clean().failed(2).make();
        assertEquals(1, report.exitCode());
        assertTrue(report.errors().get(0).contains("2 x late"), report.errors().toString());
        assertEquals(0, exitCode(Reports.clean().failed(2).targets("errors<=2")));
        assertEquals(3, exitCode(Reports.clean().failed(2).targets("errors=0")));
    }

    @Test
    void shouldEndWith1WhenATransactionIsAbortedAndNoTargetJudgesItsRecords() {
        assertEquals(0, exitCode(Reports.clean().transactions(0)));
        ProduceReport report = Reports.clean().transactions(1).confirmed(750).make();
        assertEquals(1, report.exitCode());
        assertEquals(1, report.errors().size());
        assertTrue(report.errors().get(0).startsWith("250 records were not committed, and 1 transactions aborted: "
                + "{KafkaException=1 x too late}"), report.errors().toString());
        assertEquals(0, exitCode(Reports.clean().transactions(1).confirmed(750).targets("errors<=250")));
        assertEquals(1, exitCode(Reports.clean().transactions(1).confirmed(1_000).targets("errors<=250")));
        assertEquals(3, exitCode(Reports.clean().transactions(1).confirmed(750).targets("errors=0")));
    }

    @Test
    void shouldEndWith3WhenATargetIsMissed() {
        assertEquals(3, exitCode(Reports.clean().targets("p50<1ms")));
        assertEquals(3, exitCode(Reports.clean().targets("p50<1s", "rate>=1000000")));
    }

    @Test
    void shouldEndWith4WhenTheFiguresMeanNothing() {
        assertEquals(4, exitCode(Reports.clean().targets("p99.9<10s")));
        assertEquals(4, exitCode(Reports.clean().throughput(1_000).behindMs(500)));
        assertEquals(0, exitCode(Reports.clean().throughput(1_000).behindMs(1)));
    }

    @Test
    void shouldRankErrorsOverInvalidRunsOverMissedTargets() {
        assertEquals(4, exitCode(Reports.clean().targets("p99.9<10s,p50<1ms")));
        assertEquals(1, exitCode(Reports.clean().targets("p99.9<10s,p50<1ms").confirmed(1)));
    }

    @Test
    void shouldEndWith130WhenStopped() {
        assertEquals(130, exitCode(Reports.clean().stopped().unconfirmed().targets("p50<1ms")));
    }
}
