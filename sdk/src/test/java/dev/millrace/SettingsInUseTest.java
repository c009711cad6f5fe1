package dev.millrace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.millrace.internal.producer.config.ProducerSettings;
import java.lang.reflect.RecordComponent;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** {@link EveryConfigKeyTest} shows that keys are read; this, that somebody wants to know what was read. */
class SettingsInUseTest {
    @Test
    void shouldUseEverySettingThatIsRead() {
        JavaClasses classes = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("dev.millrace");
        String home = ProducerSettings.class.getPackageName();
        Set<String> unused = new TreeSet<>();
        for (Class<?> part : ProducerSettings.class.getDeclaredClasses()) {
            for (RecordComponent setting : part.getRecordComponents()) {
                boolean used = classes.get(part).getMethod(setting.getName()).getAccessesToSelf().stream()
                        .anyMatch(access -> !access.getOriginOwner().getPackageName().equals(home));
                if (!used) {
                    unused.add(part.getSimpleName() + "." + setting.getName());
                }
            }
        }
        assertEquals(Set.of(), unused);
    }
}
