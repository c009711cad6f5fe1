package dev.millrace.perf.load;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.CompilationMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What this process used up to now; the difference of two is what a phase cost.
 *
 * @param cpuNs CPU time of all threads, in steps of the system's accounting (10 ms on Linux)
 * @param userNs the part outside the kernel; -1 where the system does not say
 * @param gcMs time the collectors report, pauses and concurrent work as each of them counts it
 * @param jitMs time the compiler worked, over its threads; 0 where the JVM does not say
 * @param allocatedBytes by all threads that are alive
 */
record ProcessMeter(long cpuNs, long userNs, long gcMs, long jitMs, long allocatedBytes) {
    private static final OperatingSystemMXBean SYSTEM =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    private static final ThreadMXBean THREADS = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);
    private static final long NANOS_PER_TICK = 10_000_000;

    static ProcessMeter read() {
        long gcMs = ManagementFactory.getGarbageCollectorMXBeans().stream()
                .mapToLong(GarbageCollectorMXBean::getCollectionTime).sum();
        long allocated = 0;
        for (long bytes : THREADS.getThreadAllocatedBytes(THREADS.getAllThreadIds())) {
            allocated += Math.max(0, bytes);
        }
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        long jitMs = compiler != null && compiler.isCompilationTimeMonitoringSupported() ? compiler.getTotalCompilationTime() : 0;
        return new ProcessMeter(SYSTEM.getProcessCpuTime(), readUserNs(), gcMs, jitMs, allocated);
    }

    static long allocatedByThisThread() {
        return THREADS.getCurrentThreadAllocatedBytes();
    }

    /** Field 14 of /proc/self/stat; the fields are counted behind the command's name, which may hold blanks. */
    private static long readUserNs() {
        try {
            String stat = Files.readString(Path.of("/proc/self/stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return Long.parseLong(fields[11]) * NANOS_PER_TICK;
        } catch (IOException | RuntimeException e) {
            return -1;
        }
    }

    ProcessMeter minus(ProcessMeter before) {
        long user = userNs < 0 || before.userNs < 0 ? -1 : userNs - before.userNs;
        return new ProcessMeter(cpuNs - before.cpuNs, user, gcMs - before.gcMs, jitMs - before.jitMs,
                allocatedBytes - before.allocatedBytes);
    }
}
