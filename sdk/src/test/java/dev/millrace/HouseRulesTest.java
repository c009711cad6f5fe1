package dev.millrace;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.millrace.codec.Codec;
import dev.millrace.partitioner.StickyPartitioner;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The rules of the house, docs/design.md. */
class HouseRulesTest {

    private static final String PRODUCER = "dev.millrace.internal.producer.";
    private static final String CONSUMER = "dev.millrace.internal.consumer.";
    /** A facade over the facade, for tests of those who use it. */
    private static final String TESTING = "dev.millrace.consumer.testing";

    private static JavaClasses sdk;

    @BeforeAll
    static void importClasses() {
        // By where the main classes lie: tests share their packages, and the testkit is no part of the house's stairs.
        sdk = new ClassFileImporter().importUrls(Stream.of(MillraceProducer.class, Codec.class, StickyPartitioner.class)
                .map(main -> main.getProtectionDomain().getCodeSource().getLocation()).toList());
        assertFalse(sdk.isEmpty());
    }

    /** Rule 1: data go down one stair, and no floor calls up. */
    @Test
    void shouldUseOnlyLowerFloors() {
        layeredArchitecture().consideringOnlyDependenciesInLayers()
                .layer("facade").definedBy("dev.millrace")
                .layer("send").definedBy(PRODUCER + "send")
                .layer("txn").definedBy(PRODUCER + "txn")
                .layer("net").definedBy(PRODUCER + "net")
                .layer("accumulate").definedBy(PRODUCER + "accumulate")
                .layer("batch").definedBy(PRODUCER + "batch")
                .layer("leaves").definedBy(PRODUCER + "config", PRODUCER + "metrics", "dev.millrace.internal.producer",
                        "dev.millrace.codec", "dev.millrace.partitioner")
                .whereLayer("facade").mayNotBeAccessedByAnyLayer()
                .whereLayer("send").mayOnlyBeAccessedByLayers("facade")
                .whereLayer("txn").mayOnlyBeAccessedByLayers("facade", "send")
                .whereLayer("net").mayOnlyBeAccessedByLayers("facade", "send", "txn")
                .whereLayer("accumulate").mayOnlyBeAccessedByLayers("facade", "send", "txn")
                .whereLayer("batch").mayOnlyBeAccessedByLayers("facade", "send", "txn", "net", "accumulate")
                .whereLayer("leaves").mayOnlyBeAccessedByLayers("facade", "send", "txn", "net", "accumulate", "batch")
                .check(sdk);
    }

    /** Rule 1, of the consumer's stairs. */
    @Test
    void shouldUseOnlyLowerFloorsOfTheConsumer() {
        layeredArchitecture().consideringOnlyDependenciesInLayers()
                .layer("facade").definedBy("dev.millrace", TESTING)
                .layer("poll").definedBy(CONSUMER + "poll")
                .layer("watch").definedBy(CONSUMER + "watch")
                .layer("commit").definedBy(CONSUMER + "commit")
                .layer("work").definedBy(CONSUMER + "work")
                .layer("offsets").definedBy(CONSUMER + "offsets")
                .layer("leaves").definedBy(CONSUMER + "config", "dev.millrace.consumer")
                .whereLayer("facade").mayNotBeAccessedByAnyLayer()
                .whereLayer("poll").mayOnlyBeAccessedByLayers("facade")
                .whereLayer("watch").mayOnlyBeAccessedByLayers("facade", "poll")
                .whereLayer("commit").mayOnlyBeAccessedByLayers("facade", "poll")
                .whereLayer("work").mayOnlyBeAccessedByLayers("facade", "poll", "watch", "commit")
                .whereLayer("offsets").mayOnlyBeAccessedByLayers("facade", "poll", "watch", "commit", "work")
                .check(sdk);
    }

    /** Rule 3: what sends knows nothing of what reads, and the other way round. */
    @Test
    void shouldKeepTheTwoStairsApart() {
        noClasses().that().resideInAPackage(PRODUCER + ".").should().dependOnClassesThat(resideInAnyPackage(CONSUMER + ".",
                "dev.millrace.consumer..")).check(sdk);
        noClasses().that().resideInAnyPackage(CONSUMER + ".", "dev.millrace.consumer..").should()
                .dependOnClassesThat(resideInAnyPackage(PRODUCER + ".", "dev.millrace.producer..")).check(sdk);
    }

    /** Rule 2. */
    @Test
    void shouldHaveNoCyclesBetweenPackages() {
        slices().matching("dev.millrace.(**)").should().beFreeOfCycles().check(sdk);
    }

    /** Rule 2: what is for tests is on top of everything. */
    @Test
    void shouldNotUseWhatIsForTests() {
        noClasses().that().resideOutsideOfPackage(TESTING).should().dependOnClassesThat(resideInAnyPackage(TESTING)).check(sdk);
    }

    /** Rule 2: codecs and partitioners stand alone. */
    @Test
    void shouldKeepLeavesLeaves() {
        noClasses().that().resideInAnyPackage("dev.millrace.codec..", "dev.millrace.partitioner..", PRODUCER + "config",
                        PRODUCER + "metrics")
                .should().dependOnClassesThat(resideInAnyPackage("dev.millrace", "dev.millrace.internal.producer.send..",
                        "dev.millrace.internal.producer.txn..", "dev.millrace.internal.producer.net..",
                        "dev.millrace.internal.producer.accumulate..", "dev.millrace.internal.producer.batch.."))
                .check(sdk);
    }

    /** Rule 4: what moves between Kafka's minor versions is behind one package. */
    @Test
    void shouldKeepKafkasInsideBehindNet() {
        DescribedPredicate<JavaClass> inside = resideInAnyPackage("org.apache.kafka.clients.producer.internals..",
                "org.apache.kafka.clients.consumer.internals..", "org.apache.kafka.common.requests..",
                "org.apache.kafka.common.network..", "org.apache.kafka.common.message..",
                "org.apache.kafka.common.record.internal..", "org.apache.kafka.common.telemetry..",
                "org.apache.kafka.common.internals..")
                .or(simpleName("NetworkClient")).or(simpleName("Metadata")).or(simpleName("KafkaClient"))
                .or(simpleName("ClientUtils")).or(simpleName("LogContext")).or(simpleName("KafkaThread"))
                .or(simpleName("AppInfoParser"));
        noClasses().that().resideOutsideOfPackage(PRODUCER + "net").should().dependOnClassesThat(inside).check(sdk);
    }

    /** Rule 4: the engine is ours. */
    @Test
    void shouldNotUseKafkasEngine() {
        DescribedPredicate<JavaClass> engine = resideInAnyPackage("org.apache.kafka..").and(
                simpleName("RecordAccumulator").or(simpleName("ProducerBatch")).or(simpleName("Sender"))
                        .or(simpleName("TransactionManager")).or(simpleName("BufferPool")).or(simpleName("MemoryRecordsBuilder"))
                        .or(simpleName("BuiltInPartitioner")).or(simpleName("Compression")).or(simpleName("KafkaProducer")));
        noClasses().should().dependOnClassesThat(engine).check(sdk);
    }

    /** Rule 5: loops wait in the network client or on a condition, never in a sleep; whatever sleeps is called that. */
    @Test
    void shouldNeverSleep() {
        noClasses().should().callMethodWhere(target(name("sleep"))).check(sdk);
    }

    /** Rule 5: one clock. */
    @Test
    void shouldAskTheOneClock() {
        noClasses().that().doNotHaveSimpleName("SendResult")
                .should().callMethod(System.class, "nanoTime").orShould().callMethod(System.class, "currentTimeMillis").check(sdk);
    }

    /** What is not a contract is not public API: facades are the only public classes on the top floor. */
    @Test
    void shouldHaveOnlyFacadesPublicOnTheTopFloor() {
        classes().that().resideInAPackage("dev.millrace").and().arePublic()
                .should().haveNameMatching("dev\\.millrace\\.(MillraceProducer|ParallelConsumer(\\$.*)?)").check(sdk);
    }
}
