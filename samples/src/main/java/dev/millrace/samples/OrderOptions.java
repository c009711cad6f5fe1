package dev.millrace.samples;

/**
 * The command line of {@link OrderProducer}.
 *
 * @param bootstrapServers null to start a broker
 */
record OrderOptions(String bootstrapServers, String topic, int orders, boolean help) {
    static final String HELP = """
            Usage: orders [--bootstrap-server HOST:PORT] [--topic NAME] [--orders N]
            Sends N orders (default: 10) as JSON, keyed by customer, and prints the partition and offset of each.
              --bootstrap-server HOST:PORT   a broker of yours (default: starts one and ends it afterwards)
              --topic NAME                   where they go (default: orders)
              --orders N                     how many (default: 10)
              --help                         this text
            """;

    /** @throws IllegalArgumentException naming the option that is wrong */
    static OrderOptions parse(String... args) {
        String bootstrapServers = null;
        String topic = "orders";
        int orders = 10;
        for (int i = 0; i < args.length; i++) {
            String option = args[i];
            if (option.equals("--help") || option.equals("-h")) {
                return new OrderOptions(bootstrapServers, topic, orders, true);
            }
            if (!option.equals("--bootstrap-server") && !option.equals("--topic") && !option.equals("--orders")) {
                throw new IllegalArgumentException("there is no option " + option);
            }
            if (++i == args.length) {
                throw new IllegalArgumentException(option + " needs a value");
            }
            switch (option) {
                case "--bootstrap-server" -> bootstrapServers = args[i];
                case "--topic" -> topic = args[i];
                default -> orders = number(option, args[i]);
            }
        }
        return new OrderOptions(bootstrapServers, topic, orders, false);
    }

    private static int number(String option, String value) {
        try {
            int number = Integer.parseInt(value);
            if (number > 0) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Told below, with the option.
        }
        throw new IllegalArgumentException(option + ": " + value + " is not a number above 0");
    }
}
