package dev.millrace.testkit;

import java.util.ArrayList;
import java.util.List;
import kafka.Kafka;
import kafka.tools.StorageTool;

/**
 * The main class of a node's process: formats the storage when that has not been done, and runs Kafka's own main. One
 * JVM for both saves a second or two per node over running the storage tool by itself.
 */
final class BrokerMain {
    private BrokerMain() {
    }

    /** Arguments: the properties file, the cluster id, and what goes to {@code --add-scram}, any number of them. */
    public static void main(String[] args) {
        List<String> format = new ArrayList<>(List.of("format", "--ignore-formatted", "--config", args[0],
                "--cluster-id", args[1]));
        for (int i = 2; i < args.length; i++) {
            format.add("--add-scram");
            format.add(args[i]);
        }
        int code = StorageTool.execute(format.toArray(String[]::new), System.out);
        if (code != 0) {
            System.exit(code);
        }
        Kafka.main(new String[] {args[0]});
    }
}
