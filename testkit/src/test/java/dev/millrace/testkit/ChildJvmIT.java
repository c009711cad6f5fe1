package dev.millrace.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class ChildJvmIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    /** Says what it was given, and ends with that code, or never; "busy" has threads that run meanwhile. */
    static final class Child {
        private Child() {
        }

        public static void main(String[] args) throws InterruptedException {
            if (args[0].equals("busy")) {
                for (int i = 0; i < 8; i++) {
                    Thread thread = new Thread(() -> {
                        while (true) {
                            Thread.onSpinWait();
                        }
                    });
                    thread.setDaemon(true);
                    thread.start();
                }
            }
            System.out.println("given " + List.of(args));
            if (Character.isDigit(args[0].charAt(0))) {
                System.exit(Integer.parseInt(args[0]));
            }
            new CountDownLatch(1).await();
        }
    }

    @Test
    void shouldTellHowTheChildEnded() {
        ChildJvm child = start("three", "3");
        assertTrue(child.awaitExit(PATIENCE));
        assertEquals(OptionalInt.of(3), child.exitCode());
        assertEquals("given [3]", child.logTail(5));
    }

    @Test
    void shouldShowTheLogWhenTheChildEndsBeforeItIsReady() {
        ChildJvm child = start("four", "4");
        ChildProcessException e = assertThrows(ChildProcessException.class,
                () -> child.awaitLogLine("never said", PATIENCE));
        assertTrue(e.getMessage().contains("exit code 4"), e.getMessage());
        assertTrue(e.getMessage().contains("given [4]"), e.getMessage());
    }

    @Test
    void shouldSayWhatWasWaitedForInVain() {
        try (ChildJvm child = start("slow", "stay")) {
            ChildProcessException e = assertThrows(ChildProcessException.class,
                    () -> child.awaitLogLine("never said", Duration.ofMillis(100)));
            assertTrue(e.getMessage().contains("never said"), e.getMessage());
            assertTrue(child.isAlive());
        }
    }

    @Test
    void shouldEndPausedChildrenToo() {
        ChildJvm child = start("paused", "stay");
        child.awaitLogLine("given", PATIENCE);
        child.pause();
        assertTrue(child.isPaused());
        child.terminate(PATIENCE);
        assertEquals(OptionalInt.of(128 + 15), child.exitCode());
        assertThrows(ChildProcessException.class, child::resume);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void shouldStandStillOncePaused() {
        try (ChildJvm child = start("busy", "busy")) {
            ThreadStates threads = new ThreadStates(child.pid());
            child.awaitLogLine("given", PATIENCE);
            for (int i = 0; i < 50; i++) {
                assertFalse(threads.areStopped());
                child.pause();
                assertTrue(threads.areStopped());
                child.resume();
            }
        }
    }

    @Test
    void shouldLookOnlyAtItsOwnLinesOfALogThatGoesOn() {
        start("again", "0").awaitExit(PATIENCE);
        try (ChildJvm second = start("again", "stay")) {
            assertFalse(second.log().contains("given [0]"));
            second.awaitLogLine("given [stay]", PATIENCE);
            assertEquals("given [0]\ngiven [stay]", second.logTail(9));
            assertEquals("given [stay]", second.logTail(1));
        }
    }

    private ChildJvm start(String name, String arg) {
        return ChildJvm.builder(name, Child.class.getName()).args(List.of(arg)).start(folder);
    }
}
