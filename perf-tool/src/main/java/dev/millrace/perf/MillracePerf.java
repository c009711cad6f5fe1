package dev.millrace.perf;

import dev.millrace.perf.report.ExitCode;
import dev.millrace.perf.spec.Client;
import dev.millrace.perf.spec.ConsumeClient;
import dev.millrace.perf.spec.Ordering;
import dev.millrace.perf.spec.RecordForm;
import dev.millrace.perf.spec.RunFailedException;
import dev.millrace.perf.spec.UsageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line {@code millrace-perf}. */
@Command(
        name = "millrace-perf",
        description = "Measures Kafka producers and consumers: throughput, honest latency percentiles, and what they cost.",
        subcommands = {ProduceCommand.class, ConsumeCommand.class, EndToEndCommand.class, CompareCommand.class,
            CompareConsumeCommand.class, JmhCommand.class, HelpCommand.class},
        versionProvider = MillracePerf.Version.class,
        footer = {"", "Begin with: millrace-perf produce"})
public final class MillracePerf implements Runnable {
    private static final int HELP_WIDTH = 110;

    @Spec
    private CommandSpec spec;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help and exit.")
    private boolean help;

    @Option(names = {"-V", "--version"}, versionHelp = true, description = "Print the version and exit.")
    private boolean version;

    /** Runs the command and ends the process with its exit code. */
    public static void main(String[] args) {
        setLogLevels();
        System.exit(execute(args));
    }

    static void setLogLevels() {
        setDefault("org.slf4j.simpleLogger.defaultLogLevel", "warn");
        // Each attempt to connect to a broker that is not there; the tool says it once, with the address.
        setDefault("org.slf4j.simpleLogger.log.org.apache.kafka.clients.NetworkClient", "error");
        setDefault("org.slf4j.simpleLogger.log.org.apache.kafka.clients.ClientUtils", "error");
    }

    private static void setDefault(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    /** Runs the command in this process. */
    static int execute(String... args) {
        return execute(commandLine(), args);
    }

    /** The same, on a command line whose output may go elsewhere. */
    static int execute(CommandLine commandLine, String... args) {
        return commandLine.execute(withMode(args));
    }

    /** A mode of {@code compare} that has options of its own is a command of its own, which takes the place of the option. */
    private static String[] withMode(String[] args) {
        if (args.length == 0 || !args[0].equals("compare")) {
            return args;
        }
        List<String> all = new ArrayList<>(List.of(args));
        int at = all.indexOf("--mode=consume");
        int apart = all.indexOf("--mode");
        if (at < 0 && apart >= 0 && apart + 1 < all.size() && all.get(apart + 1).equals("consume")) {
            at = apart;
            all.remove(apart + 1);
        }
        if (at < 0) {
            return args;
        }
        all.remove(at);
        all.set(0, CompareConsumeCommand.NAME);
        return all.toArray(String[]::new);
    }

    static CommandLine commandLine() {
        return configured(new CommandLine(new MillracePerf()));
    }

    static CommandLine configured(CommandLine command) {
        return command
                .registerConverter(Client.class, converter(Client::parse))
                .registerConverter(ConsumeClient.class, converter(ConsumeClient::parse))
                .registerConverter(Ordering.class, converter(Ordering::parse))
                .registerConverter(RecordForm.class, converter(RecordForm::parse))
                .registerConverter(Path.class, converter(Path::of))
                .setUsageHelpWidth(HELP_WIDTH)
                .setParameterExceptionHandler(MillracePerf::usage)
                .setExecutionExceptionHandler(MillracePerf::failed);
    }

    /** Picocli tells the message of this exception alone, and of any other its class as well. */
    private static <T> CommandLine.ITypeConverter<T> converter(Function<String, T> parse) {
        return text -> {
            try {
                return parse.apply(text);
            } catch (UsageException | InvalidPathException e) {
                throw new CommandLine.TypeConversionException(e.getMessage());
            }
        };
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command? There are produce, consume, e2e, compare and jmh");
    }

    private static int usage(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        command.getErr().println("millrace-perf: " + e.getMessage());
        CommandLine.UnmatchedArgumentException.printSuggestions(e, command.getErr());
        pointToHelp(command);
        return ExitCode.USAGE;
    }

    private static void pointToHelp(CommandLine command) {
        command.getErr().println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
    }

    /** Expected failures are told by their message; a stack trace means a mistake in this tool. */
    private static int failed(Exception e, CommandLine command, CommandLine.ParseResult result) {
        if (e instanceof UsageException) {
            command.getErr().println("millrace-perf: " + e.getMessage());
            pointToHelp(command);
            return ExitCode.USAGE;
        }
        if (e instanceof RunFailedException) {
            command.getErr().println("millrace-perf: " + e.getMessage());
        } else {
            e.printStackTrace(command.getErr());
        }
        return ExitCode.ERROR;
    }

    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() throws IOException {
            Properties properties = new Properties();
            try (InputStream in = MillracePerf.class.getResourceAsStream("version.properties")) {
                properties.load(in);
            }
            return new String[] {
                "millrace-perf " + properties.getProperty("version"),
                "Java " + System.getProperty("java.runtime.version")
            };
        }
    }
}
