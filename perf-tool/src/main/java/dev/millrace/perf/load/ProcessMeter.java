package dev.millrace.perf.load;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.CompilationMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What this process used up to now; the difference of two is what a phase cost.
 *
 * @param cpuNs CPU time of all threads, in steps of the system's accounting (10 ms on Linux)
 * @param userNs the part outside the kernel; -1 where the system does not say
 * @param gcMs time the collectors report, pauses and concurrent work as each of them counts it
 * @param jitMs see {@link #compiledMs}
 * @param jitCpuNs CPU time of the compiler's threads, in the same steps; -1 where the system does not say
 * @param allocatedBytes by all threads that are alive
 */
public record ProcessMeter(long cpuNs, long userNs, long gcMs, long jitMs, long jitCpuNs, long allocatedBytes) {
    private static final OperatingSystemMXBean SYSTEM =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    private static final ThreadMXBean THREADS = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);
    private static final long NANOS_PER_TICK = 10_000_000;

    /** As it is now. */
    public static ProcessMeter read() {
        long gcMs = ManagementFactory.getGarbageCollectorMXBeans().stream()
                .mapToLong(GarbageCollectorMXBean::getCollectionTime).sum();
        long allocated = 0;
        for (long bytes : THREADS.getThreadAllocatedBytes(THREADS.getAllThreadIds())) {
            allocated += Math.max(0, bytes);
        }
        return new ProcessMeter(SYSTEM.getProcessCpuTime(), readUserNs(), gcMs, compiledMs(), readCompilerNs(), allocated);
    }

    /** Time the compiler worked, over its threads; counted when a method is through. 0 where the JVM does not say. */
    static long compiledMs() {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        return compiler != null && compiler.isCompilationTimeMonitoringSupported() ? compiler.getTotalCompilationTime() : 0;
    }

    static long allocatedByThisThread() {
        return THREADS.getCurrentThreadAllocatedBytes();
    }

    /** Field 14 of /proc/self/stat; the fields are counted behind the command's name, which may hold blanks. */
    private static long readUserNs() {
        try {
            return Long.parseLong(fieldsBehindName(Path.of("/proc/self/stat"))[11]) * NANOS_PER_TICK;
        } catch (IOException | RuntimeException e) {
            return -1;
        }
    }

    /** Of the threads that are alive; HotSpot's are called "C1 CompilerThre" and "C2 CompilerThre" there. */
    private static long readCompilerNs() {
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            long ticks = 0;
            for (Path thread : threads)
                ticks += compilerTicks(thread);
            return ticks * NANOS_PER_TICK;
        } catch (IOException | RuntimeException e) {
            return -1;
        }
    }

    private static long compilerTicks(Path thread) {
        try {
            if (!Files.readString(thread.resolve("comm")).contains(" Compiler"))
                return 0;
            String[] fields = fieldsBehindName(thread.resolve("stat"));
            return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
        } catch (IOException e) {
            // The thread is gone.
            return 0;
        }
    }

    private static String[] fieldsBehindName(Path stat) throws IOException {
        String line = Files.readString(stat);
        return line.substring(line.lastIndexOf(')') + 2).split(" ");
    }

    /** What was used since {@code before}. */
    public ProcessMeter minus(ProcessMeter before) {
        long user = userNs < 0 || before.userNs < 0 ? -1 : userNs - before.userNs;
        long jitCpu = jitCpuNs < 0 || before.jitCpuNs < 0 ? -1 : Math.max(0, jitCpuNs - before.jitCpuNs);
        return new ProcessMeter(cpuNs - before.cpuNs, user, gcMs - before.gcMs, jitMs - before.jitMs, jitCpu,
                allocatedBytes - before.allocatedBytes);
    }

    /** Of a difference: what the phase between the two cost. */
    public PhaseResult.Cost cost() {
        return new PhaseResult.Cost(cpuNs, userNs, gcMs, jitMs, jitCpuNs, allocatedBytes);
    }
}
